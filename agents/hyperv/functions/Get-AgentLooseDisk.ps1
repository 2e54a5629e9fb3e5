function Get-AgentLooseDisk {
    <#
    .SYNOPSIS
    The volumes of storage classes as devices, or the one of an id.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Resources,
        [AllowNull()] [object] $StorageClass = $null,
        [AllowNull()] [object] $Id = $null
    )
    $names = @($Resources.storage.get_Keys())
    if ($null -ne $StorageClass) { $names = @($StorageClass) }
    foreach ($name in $names) {
        foreach ($file in Get-AgentVolumeFile -Path (Resolve-AgentStorage -Name $name -Resources $Resources)) {
            if ((Find-AgentStorageClass -Path $file -Resources $Resources) -cne $name) { continue }
            $diskId = Get-AgentDiskId -Path $file
            if ($null -ne $Id -and $diskId -cne $Id) { continue }
            @{ Kind = 'disk'; Id = $diskId; Name = [System.IO.Path]::GetFileNameWithoutExtension($file); Object = $null; Path = $file; Base = $file }
        }
    }
}
