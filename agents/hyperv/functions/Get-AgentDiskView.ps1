function Get-AgentDiskView {
    <#
    .SYNOPSIS
    A disk or a drive as the contract shows it (diskData). A disk whose file cannot be read has no size.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Device,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Vm,
        [AllowNull()] [AllowEmptyCollection()] [object[]] $Boot = @(),
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $isDrive = $Device.Kind -ceq 'cdrom'
    $size = $null
    $allocated = $null
    $format = $null
    $image = $null
    if ($isDrive) {
        if ($Device.Path -ne '') {
            $format = 'iso'
            $image = Find-AgentImage -Path $Device.Path -Resources $Resources
            if ([System.IO.File]::Exists($Device.Path)) { $size = [System.IO.FileInfo]::new($Device.Path).Length; $allocated = $size }
        }
    }
    elseif ($Device.Path -ne '') {
        $disk = Get-VHD -Path $Device.Path -ErrorAction SilentlyContinue
        if ($null -ne $disk) {
            $size = [long]$disk.Size
            $allocated = [long]$disk.FileSize
            $parent = [string]$disk.ParentPath
            if ($Device.Base -cne $Device.Path) {
                $beneath = Get-VHD -Path $Device.Base -ErrorAction SilentlyContinue
                if ($null -ne $beneath) { $allocated += [long]$beneath.FileSize; $parent = [string]$beneath.ParentPath }
            }
            $image = Find-AgentImage -Path $parent -Resources $Resources
        }
        $format = 'vhdx'
        if ($Device.Base -match '\.vhd\z') { $format = 'vhd' }
    }
    $vmId = $null
    if ($null -ne $Vm) { $vmId = ConvertTo-AgentId -Vm $Vm }
    $bus = 'scsi'
    $iops = 0
    if ($null -ne $Device.Object) {
        if ([string]$Device.Object.ControllerType -ceq 'IDE' -or ($isDrive -and [int]$Vm.Generation -eq 1)) { $bus = 'ide' }
        if (-not $isDrive -and $null -ne $Device.Object.MaximumIOPS) { $iops = [long]$Device.Object.MaximumIOPS }
    }
    $class = Find-AgentStorageClass -Path $Device.Base -Resources $Resources
    if ($isDrive) { $class = $null }
    [ordered]@{
        id = $Device.Id; name = $Device.Name; vm = $vmId; kind = $Device.Kind; size_bytes = $size; allocated_bytes = $allocated; format = $format
        storage_class = $class; image = $image; bus = $bus; boot_index = (Get-AgentBootIndex -Boot $Boot -Id $Device.Id); cache = 'default'
        discard = (-not $isDrive); iops_max = $iops; bytes_per_second_max = 0; read_only = $isDrive
    }
}
