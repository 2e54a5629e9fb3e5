function Invoke-ImageList {
    <#
    .SYNOPSIS
    image.list: the images that the host declares, with the size that a guest sees.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $items = @(foreach ($name in @($Job.Resources.images.get_Keys())) {
            $image = $Job.Resources.images.get_Item($name)
            $path = [string]$image['path']
            $isIso = $path.EndsWith('.iso', [System.StringComparison]::OrdinalIgnoreCase)
            $kind = 'disk'
            $format = [System.IO.Path]::GetExtension($path).TrimStart('.').ToLowerInvariant()
            if ($isIso) { $kind = 'iso' }
            $size = $null
            if ($path -ne '' -and [System.IO.File]::Exists($path)) {
                if ($isIso) { $size = [System.IO.FileInfo]::new($path).Length }
                else { $disk = Get-VHD -Path $path -ErrorAction SilentlyContinue; if ($null -ne $disk) { $size = [long]$disk.Size } }
            }
            [ordered]@{ name = $name; kind = $kind; os_family = $image['os_family']; description = [string]$image['description']; format = $format; size_bytes = $size; available = ($null -ne $size) }
        })
    New-AgentResult -Message "$($items.Count) images." -Data ([ordered]@{ items = $items })
}
