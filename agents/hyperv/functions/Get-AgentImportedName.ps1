function Get-AgentImportedName {
    <#
    .SYNOPSIS
    Names of imported disks by their new ids: a file named <machine>-<name>.vhdx has that name, where the machine's notes knew it.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Names
    )
    $found = @{}
    $left = [System.Collections.Generic.List[string]]::new()
    foreach ($name in @($Names | Where-Object { $null -ne $_ } | ForEach-Object { [string]$_.Name } | Sort-Object)) { $left.Add($name) }
    foreach ($device in @($Devices | Where-Object { $null -ne $_ -and $_.Kind -ceq 'disk' -and $_.Base -ne '' })) {
        $file = [System.IO.Path]::GetFileNameWithoutExtension($device.Base) -creplace '-[0-9]+\z', ''
        foreach ($name in @($left.ToArray())) {
            if (-not $file.EndsWith("-$name", [System.StringComparison]::OrdinalIgnoreCase)) { continue }
            $found[$device.Id] = $name
            $null = $left.Remove($name)
            break
        }
    }
    $found
}
