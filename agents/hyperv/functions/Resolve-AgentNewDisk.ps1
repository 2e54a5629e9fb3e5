function Resolve-AgentNewDisk {
    <#
    .SYNOPSIS
    Where a new disk goes: Path, Name and StorageClass. A machine's disks are <machine>-<name>.vhdx, others <name>.vhdx.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Vm,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $StorageClass,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $stem = ''
    if ($null -ne $Vm) {
        $note = Read-AgentNote -Text $Vm.Notes
        $Name = Resolve-AgentDeviceName -Devices @(Get-AgentDevice -Vm $Vm -Note $note) -Name $Name -Stem 'disk'
        if ($null -eq $StorageClass) { $StorageClass = $note.storage_class }
        if ($null -eq $StorageClass) { $StorageClass = Find-AgentStorageClass -Path ([string]$Vm.Path) -Resources $Resources }
        $stem = ([string]$Vm.Name -creplace '[^A-Za-z0-9._-]', '_') + '-'
    }
    else { $Name = Resolve-AgentDeviceName -Devices @() -Name ([string]$Name) -Stem 'disk'; Assert-AgentFileName -Name $Name }
    if ([string]$StorageClass -eq '') { $StorageClass = 'default' }
    $folder = Resolve-AgentStorage -Name $StorageClass -Resources $Resources
    $path = [System.IO.Path]::Combine($folder, "$stem$Name.vhdx")
    # Another machine may have had this name: its disk stays as it is.
    for ($number = 2; $null -ne $Vm -and [System.IO.File]::Exists($path); $number++) { $path = [System.IO.Path]::Combine($folder, "$stem$Name-$number.vhdx") }
    @{ Path = (Assert-AgentPathInside -Path $path -Resources $Resources); Name = $Name; StorageClass = $StorageClass }
}
